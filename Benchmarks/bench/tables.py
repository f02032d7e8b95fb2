"""Markdown tables, and how figures are written in them."""


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def count(number, noun):
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def rate(number):
    """Events per second."""
    if number >= 99_950:
        return f"{number / 1000:.0f} k"
    return f"{number / 1000:.1f} k" if number >= 9_995 else f"{number:,.0f}"


def microseconds(number):
    return f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"


def milliseconds(microseconds):
    number = microseconds / 1000
    return f"{number:.3f}" if number < 0.9995 else f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"


def mebibytes(kilobytes):
    number = kilobytes / 1024
    return f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"


def machine_sentence(facts):
    """What a table was measured on."""
    kind = "a virtual machine" if facts["virtual"] else "a machine"
    kernel = facts["kernel"].partition("-")[0]
    parts = [
        f"{facts['cpu']}, {facts['cores']} cores ({facts['architecture']}), {kind}", f"Linux {kernel}, {facts['system']}"]
    if facts["governor"]:
        parts.append(f"governor {facts['governor']}")
    if facts["swift"]:
        parts.append(facts["swift"])
    parts.append(f"load average before it {facts['load_average']:.2f}")
    if facts.get("stolen", 0) >= 0.001:
        parts.append(f"{facts['stolen']:.1%} of the time taken by the host")
    return "; ".join(parts) + "."
