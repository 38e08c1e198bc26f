"""The processes that own the engine, and how the others talk to them.

wire.py     frames and typed messages                         process.py  the parent's end of one child
serve.py    the child's end of its pipes                      client.py   `EngineRoom`: what the app holds
life.py     one engine room, start to end                  streams.py  streams of events
child.py    the engine room: owns the shared engine           build.py    runs one build job in a process of its own
builder.py  that process
"""
