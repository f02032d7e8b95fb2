"""Five calls with a result and five without, in turn. The same as the plugin of this name in Swift."""

Schema = ({"attach": {"type": "boolean", "default": False}},)
version = "1.0.0"
priority = 1


class Plugin:
    def __init__(self, config):
        self.config = config

    def access(self, kong):
        for _ in range(5):
            host = kong.request.get_header("host")
            kong.service.request.set_header("x-i", host)
