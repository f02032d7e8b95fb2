"""Draws throughput as SVG: for each plugin a panel with ratios to the floor, and below it one with processor time."""

import math
from xml.sax.saxutils import escape

from .tables import machine_sentence

# Colours that stay apart for those who see red and green alike, and in grey.
FLOOR_COLOUR = "#777777"
COLOURS = ["#0b62c4", "#d9730d", "#7a3fa0", "#1b8a5a", "#b0173c"]
DASHES = {"protobuf": "", "messagepack": "6 4"}
NAMES = {"protobuf": "ProtoBuf:1", "messagepack": "MessagePack"}

WIDTH, LEFT, TOP, GAP = 1080, 70, 96, 24
PANEL_HEIGHT, ROW_GAP, BOTTOM = 210, 56, 62


class Scale:
    """From the least to the greatest of some values, each step of a value of the same height: 1, 2, 5, 10 …"""

    STEPS = [step * 10.0**power for power in range(-4, 7) for step in (1, 2, 5)]

    def __init__(self, values):
        low = max(step for step in self.STEPS if step <= min(values))
        high = min(step for step in self.STEPS if step >= max(values))
        self.ticks = [step for step in self.STEPS if low <= step <= high]

    def share(self, value):
        low, high = math.log(self.ticks[0]), math.log(self.ticks[-1])
        return (math.log(value) - low) / (high - low)


class Panel:
    """A rectangle with numbers of connections from left to right, and a value from bottom to top."""

    def __init__(self, x, y, width, connections, scale):
        self.x, self.y, self.width = x, y, width
        self.connections = connections
        self.scale = scale

    def across(self, connections):
        place = self.connections.index(connections)
        return self.x + self.width * (place + 0.5) / len(self.connections)

    def up(self, value):
        return self.y + PANEL_HEIGHT * (1 - self.scale.share(value))

    def frame(self, with_labels):
        parts = []
        for value in self.scale.ticks:
            height = self.up(value)
            parts.append(line([(self.x, height), (self.x + self.width, height)], "#dddddd", 1))
            if with_labels:
                parts.append(text(self.x - 8, height + 4, f"{value:g}", "end"))
        for connections in self.connections:
            parts.append(text(self.across(connections), self.y + PANEL_HEIGHT + 17, str(connections), "middle"))
        parts.append(
            f'<rect x="{self.x:.1f}" y="{self.y}" width="{self.width:.1f}" height="{PANEL_HEIGHT}" fill="none" stroke="#999999"/>')
        return parts

    def curve(self, points, colour, dash):
        places = [(self.across(connections), self.up(value)) for connections, value in points]
        return [line(places, colour, 2, dash)] + [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]


def throughput(results):
    summary = results["summary"]
    plugins = list(dict.fromkeys(entry["plugin"] for entry in summary))
    connections = sorted({entry["connections"] for entry in summary})
    series = list(dict.fromkeys(
        (server, entry["protocol"]) for server in results["servers"] if server != "polling floor"
        for entry in summary if entry["server"] == server))
    others = list(dict.fromkeys(server for server, _ in series if server != "floor"))
    colours = {"floor": FLOOR_COLOUR} | {server: COLOURS[place % len(COLOURS)] for place, server in enumerate(others)}

    def points(series, plugin, metric):
        found = {
            entry["connections"]: entry[metric] for entry in summary
            if (entry["server"], entry["protocol"], entry["plugin"]) == (*series, plugin)}
        return sorted(found.items())

    # 0.5 and 2 so that the floor's line has something above and below it.
    ratio_scale = Scale([entry["ratio"] for entry in summary if entry["server"] in others] + [0.5, 2])
    cost_scale = Scale([entry["server_cpu_us_per_event"] for entry in summary if entry["server"] != "polling floor"] + [1, 10])

    width = (WIDTH - LEFT - GAP * len(plugins)) / len(plugins)
    second_row = TOP + PANEL_HEIGHT + ROW_GAP
    parts = [text(LEFT, 30, "swift-pluginserver beside the floor", size=18, weight="bold")]
    protocols = [protocol for protocol in NAMES if any(protocol == one[1] for one in series)]
    parts += legend(["floor", *others], protocols, colours)
    for place, plugin in enumerate(plugins):
        x, is_first = LEFT + place * (width + GAP), place == 0
        parts.append(text(x + width / 2, TOP - 10, plugin, "middle", 14, "bold"))
        panel = Panel(x, TOP, width, connections, ratio_scale)
        parts += panel.frame(is_first)
        parts.append(line([(x, panel.up(1)), (x + width, panel.up(1))], FLOOR_COLOUR, 2))
        for one in series:
            if one[0] != "floor":
                parts += panel.curve(points(one, plugin, "ratio"), colours[one[0]], DASHES[one[1]])
        panel = Panel(x, second_row, width, connections, cost_scale)
        parts += panel.frame(is_first)
        for one in series:
            parts += panel.curve(points(one, plugin, "server_cpu_us_per_event"), colours[one[0]], DASHES[one[1]])
    parts.append(turned(18, TOP + PANEL_HEIGHT / 2, "events/s, of the floor's"))
    parts.append(turned(18, second_row + PANEL_HEIGHT / 2, "processor, µs per event"))
    height = second_row + PANEL_HEIGHT + BOTTOM
    parts.append(text(LEFT, height - 26, "Across: connections, each with one event under way. Both scales are logarithmic."))
    parts.append(text(LEFT, height - 9, machine_sentence(results["machine"]), size=10))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif">\n<rect width="100%" height="100%" fill="#ffffff"/>\n')
    return head + "\n".join(parts) + "\n</svg>\n"


def legend(servers, protocols, colours):
    """Colours are servers, and dashes protocols."""
    parts, x = [], LEFT
    marks = [(server, colours[server], "") for server in servers]
    marks += [(NAMES[protocol], "#222222", DASHES[protocol]) for protocol in protocols]
    for name, colour, dash in marks:
        parts.append(line([(x, 54), (x + 30, 54)], colour, 2, dash))
        parts.append(text(x + 36, 58, name))
        x += 60 + 6.8 * len(name)
    return parts


def line(points, colour, thickness, dash=""):
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{thickness}"{dashes}/>'


def text(x, y, content, anchor="start", size=12, weight="normal"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="#222222">'
        f"{escape(content)}</text>")


def turned(x, y, content):
    return (
        f'<text transform="translate({x} {y:.1f}) rotate(-90)" text-anchor="middle" font-size="12" fill="#222222">'
        f"{escape(content)}</text>")
