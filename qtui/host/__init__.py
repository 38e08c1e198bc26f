"""The processes that own the engine, and how the others talk to them.

client.py   `EngineRoom`: what the app holds                  requests.py what can be asked
life.py     one engine room from its start to its end         wire.py     frames and typed messages
child.py    the engine room: owns the shared engine           process.py  the parent's end of a child
build.py    has one collection built in a builder             serve.py    the child's end of its pipes
builder.py  that process                                      streams.py  streams of events
"""
