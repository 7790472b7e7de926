"""The engine by hand: `python -m backend COMMAND`.

A module for each command says what it is (`SUMMARY`, `ABOUT`), what it can be told
(`add_options`) and what it does (`run`: the answer as text, and as facts for JSON);
`parser` lists them, `main` runs the one that was asked for.
"""
