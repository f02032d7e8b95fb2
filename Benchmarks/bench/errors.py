"""What ends a benchmark."""


class BenchmarkError(Exception):
    """Something cannot be measured, or a server has answered something wrong; the text says what."""
