r"""Which page every display must be on: computed from the true waveforms, and nothing else.

Pure. It imports nothing of gpiobridge; the rules are written out here a second time:

1. A level that a contact holds for the debounce or longer, and that differs from the level before,
   is an edge. Shorter ones are nothing. ::

       pin    ‾‾‾‾\_/‾\____________/‾‾‾‾‾‾‾‾‾‾‾        edges: low, high

2. From the edge at which a pin becomes active to the one at which it rests again is a press. One
   that is shorter than the pin's hold time is a tap, told behind its release; any other is a hold,
   told before. They are told only of pins that some rule for taps or holds names. ::

       pin    ‾‾‾‾\________/‾‾‾‾‾‾‾‾\____________________/‾‾‾‾‾
       told        low      high tap low            hold  high

3. Each edge, tap and hold moves a display once, if the page it is on then has a rule for it; it
   counts on the page to which the events before it have led. A tap or a hold counts only if its
   press began behind the event that led to the page.
4. A rule by level counts as an edge does; and when a display joins, by the levels of that moment.
   A press that is still to be caught up comes first. Where a level leads, all told so far is past.
5. A display that was away for longer than ``catch_up`` has lost the older events.

What can't be known exactly is an interval, never a guess: a level is driven at some moment between
the sending of the request and its answer. Where that leaves open whether an edge settled, or what
a press was, it is *unsure*, and the witness (a socket straight to the server) decides; where the
answer is sure, the witness is judged by it. The same goes for a display that joins in the middle
of a burst: the number in its page or first frame decides, but only between the events that surely
came before its request and those that surely came after its answer. A press during which the
visitor reloads the page may count or not.

When a server is killed, what it had not yet delivered is outside the promise: from ``sure_until``
on a display may have stopped at any event.

`edges` and `gestures` turn waveforms into events, `life` and `steps` say what a display met and
when, `pages` lays the pages it went to over those it had to go to.
"""
