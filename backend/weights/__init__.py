"""Weights of the models that others trained: which there are, and how they get here."""
