"""The opening hours: when it is open, and who says otherwise.

`timetable` says what the configuration means at a moment, and is pure. `timekeeper` is the room's
door to the loop: it says at each turn what is open, by the timetables or by what somebody has
ordered (`orders`), in the words of `status`. Nothing follows from the clock until somebody has set
it right. `clerk` does what the loop can't wait for: it asks for that, and keeps on the disk
(`record`) what must outlive a restart.

The watcher's thread, except for the clerk's own, and for what `timekeeper` lets any thread read.
"""
