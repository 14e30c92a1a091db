//! Colours of builds and of what is said. It knows no event.

/// The colours that builds take in turn: green, cyan, magenta, yellow, blue.
const CYCLE: [&str; 5] = ["32", "36", "35", "33", "34"];

/// Of errors.
pub(super) const RED: &str = "31";
/// Of warnings.
pub(super) const YELLOW: &str = "33";
/// Of what went well.
pub(super) const GREEN: &str = "32";
/// Of headings: the colour that text has.
pub(super) const BRIGHT: &str = "39";
/// Of what matters less.
pub(super) const DIM: &str = "2";

/// The colour of a build by its position in the plan.
pub(super) fn of(position: usize) -> &'static str {
    CYCLE[position % CYCLE.len()]
}

/// Text in a colour, each line of its own.
pub(super) fn painted(on: bool, bold: bool, colour: &str, text: &str) -> String {
    if !on || text.is_empty() {
        return text.to_owned();
    }
    let weight = u8::from(bold);
    let lines = text.split('\n');
    let lines = lines.map(|l| if l.is_empty() { String::new() } else { format!("\x1b[{weight};{colour}m{l}\x1b[0m") });
    lines.collect::<Vec<_>>().join("\n")
}
