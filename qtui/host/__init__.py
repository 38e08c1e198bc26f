"""The engine room: child processes that own the engine, and the client that talks to them."""
