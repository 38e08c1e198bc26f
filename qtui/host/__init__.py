"""The processes that own the engine, and how the others talk to them.

client.py   `EngineRoom`: what the app asks                   requests.py what can be asked
held.py     a child process that is held and asked            wire.py     frames and typed messages
life.py     one such process from its start to its end        process.py  the parent's end of a child
child.py    the engine room: owns the shared engine           serve.py    the child's end of its pipes
archive.py  the process that reads kept runs                  streams.py  streams of events
build.py    has one collection built in a builder
builder.py  that process
"""
