"""The only room that draws: tables for the terminal, figures, the report. Finished runs come in."""
