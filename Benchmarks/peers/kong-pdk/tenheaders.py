"""Ten calls without a result. The same as the plugin of this name in Swift."""

Schema = ({"attach": {"type": "boolean", "default": False}},)
version = "1.0.0"
priority = 1


class Plugin:
    def __init__(self, config):
        self.config = config

    def access(self, kong):
        for _ in range(10):
            kong.service.request.set_header("x-header-1", "a value of some length")
