"""What an application hears, says and reads of a running bridge.

It hears through `handlers`, which call its `functions` on threads of their own; says something
through `orders`; and reads and sets levels through `pins`. `running_bridge` is what all of them and
the routes work on. Any thread of the application.
"""
