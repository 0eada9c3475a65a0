"""Operations of a step are those that the compiler leaves: counted in small programs, and in the step itself."""

from benchmarks import work
from engager.engine import compiler

LANES = work.LANES


def count(program, *lanes):
    jax = compiler.jax()
    counts = {"arithmetic": 0, "divisions": 0, "functions": 0}
    shapes = [jax.ShapeDtypeStruct((LANES,), jax.numpy.float32)] * len(lanes)
    work._count(jax.make_jaxpr(program)(*shapes).jaxpr, {}, {}, counts)
    return counts["arithmetic"], counts["divisions"], counts["functions"]


def test_a_program_called_twice_counts_twice_unless_it_is_given_the_same():
    jax = compiler.jax()
    grow = jax.jit(lambda x, r: x * jax.numpy.exp(r))
    assert count(lambda x, r, s: grow(x, r) + grow(x, s), *"xrs") == (3, 0, 2)
    assert count(lambda x, r, s: grow(x, r) + grow(x, r) / s, *"xrs") == (3, 1, 1)
    assert count(lambda x, r, s: grow(grow(x, r), s), *"xrs") == (2, 0, 2)


def test_a_step_has_the_exponentials_of_its_equations():
    """Two stages: synapses in marrow (2), powers (6) and their logarithms (6) each, decays of sixteen states whose loss
    changes, but for Rt's in the first, which no rate reads; synapses in blood (2) and the presence of drug (2) once."""
    arithmetic, divisions, functions = work.operations()
    assert functions == 2 * (2 + 6 + 6 + 16) - 1 + 4
    assert 40 < divisions < arithmetic
