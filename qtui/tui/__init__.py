"""The app: screens on top of the engine room. Imports textual and what all share; never numpy or an engine."""
