"""The processes that own the engine, and how the others talk to them.

client.py   `EngineRoom`: what the app holds                  wire.py     frames and typed messages
life.py     one engine room from its start to its end         process.py  the parent's end of a child
child.py    the engine room: owns the shared engine           serve.py    the child's end of its pipes
build.py    has one collection built in a builder             streams.py  streams of events
builder.py  that process
"""
