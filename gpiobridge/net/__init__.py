"""Read strictly what addresses and host names say about the other end of a connection. Pure.

`addresses` reads IP addresses: is it this machine, and which client is it? `hosts` reads the Host
and Origin headers of a request. Any thread.
"""
