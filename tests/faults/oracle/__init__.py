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
6. While a page takes no presses (a lockout, a film, a farewell) none moves it, and one that began
   then is used up: for that page and the next, live and for what is caught up. A tap or a hold
   belongs to the moment in which its press began. A rule by level waits, and the levels are looked
   at once when presses count again. A page may decline; it is then not asked again: not by that
   press, and not by that level before the pin has changed.
7. An order of the application moves every display that it is for and that has a socket then, once,
   whether the page takes presses or not. A farewell is finished first, and then leads to the
   order's page. A display that is loading or reconnecting is not moved.
8. A message comes once, in order, on every socket that was there when it was sent; when a display
   joins, the newest under each key comes first. It holds up no edge.
9. Events are numbered in the order in which they settle (stamp and debounce; a hold: its time and
   debounce), over all pins, whatever held the server up.

What can't be known exactly is an interval, never a guess: a level is driven at some moment between
the sending of the request and its answer. Where that leaves open whether an edge settled, or what
a press was, it is *unsure*, and the witness (a socket straight to the server) decides; where the
answer is sure, the witness is judged by it. The same goes for a display that joins in the middle
of a burst: the number in its page or first frame decides, but only between the events that surely
came before its request and those that surely came after its answer. A press during which the
visitor reloads the page may count or not.

That a page takes presses, or doesn't, is known to the server a moment after the page has decided
it. A press that began, or became an event, between the decision and the moment when the server
surely knew it (its answer to a ping behind the word, the first frame of a socket that said so from
the start) may count or not. When presses count again, the server's own moment is later than the
page's by as much as that word was on its way, at most; what a stalled server reads late, was. A
word that gets no answer leaves all open, as long as its socket lasts. When a page takes presses
again, the first one that it has missed is told to it a second time; where the close behind that
crosses with its word that none counts now, the later ones that it had been told before may count
or not.

Orders and messages are numbered together and go out in that order. So who gets a message that is
behind an order, on a socket that was there before it, was not sent away by that order: it was
swallowed. Who gets none, may or may not have been sent away.

When a server is killed, what it had not yet delivered is outside the promise: from ``sure_until``
on a display may have stopped at any event.

`edges` and `gestures` turn waveforms into events, and `numbers` looks at their order. `life` and
`steps` say what a display met and when, `pauses` when its page took no presses, `orders` what sent
it away beside events; `pages` lays the pages it went to over those it had to go to. `messages`
judges what else its sockets were sent.
"""
