"""How it is computed; knows no biology. Steps, blocks of lanes, threads, random numbers, the compiler.

The array library is imported only by ``compiler.jax()``, when something is about to be computed.
"""
