"""Readings and candidates → judgements: the only place where it is decided whether and with which sentences to answer."""
