"""How a number is made: truth, measuring, statistics, the run record. Knows no screen; imports data, engine, model."""
