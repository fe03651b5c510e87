import pytest

pytest.register_assert_rewrite("harness.optimizers.contract")
