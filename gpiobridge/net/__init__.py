"""Who is at the other end: what an address and a host name say, read strictly. Pure.

`addresses` reads IP addresses (is it this machine, and which client is it), `hosts` what a request
says in Host and Origin. Any thread.
"""
