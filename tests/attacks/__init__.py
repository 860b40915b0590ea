"""The attack suite: what strangers on the network may do to an exhibit, and what it must withstand.

``make test-attacks``, or ``python -m attacks`` in ``tests/``: see `attacks.__main__`. All of it is
on loopback, and bounded in time and number.

`exhibits` are the servers that are attacked. `catalogue` lists the attacks: who does what, from how
many addresses; `attackers` does it, in a process of its own. `witness` is a good display, a visitor
who loads pages and a kiosk, who must notice nothing; `trial` puts them together and judges.
`figures` makes the table of what was measured.

`conformance` and `handshakes` are tables of cases after RFC 6455, which `dialogue` plays.
"""
