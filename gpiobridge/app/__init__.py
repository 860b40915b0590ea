"""What an application hears from a running bridge, says to it, and reads of it.

`handlers` call its `functions`, each on its own thread. `orders` carry what it says. `pins` read
and set levels, `outputs` set lamps and locks, `sounds` are played; each is found by its name, in
`named`. `hours` are overruled. `stages` knows which pages a stage can't show or hold ready,
`broken_sounds` which sounds a browser can't play. `running_bridge` is what all of them and the
routes work on. Any thread of the application may use this room.
"""
