//! The private path as a picture: hop after hop, the broken one plain to see without its colour too.

use crate::alerts::escape::{cut, html as safe};
use crate::alerts::words::{self, hop_label};
use crate::checks::{Hop, State};

/// More hops than these do not fit side by side.
const MOST_ACROSS: usize = 10;

/// The picture twice, side by side for a screen and one below the other for a telephone; the style shows one of them.
pub(crate) fn figure(path: &[Hop]) -> String {
    let pictures =
        if path.len() > MOST_ACROSS { down(path, "always") } else { across(path) + &down(path, "down") };
    let faulty: Vec<String> = path.iter().filter(|hop| hop.state == State::Faulty).map(hop_label).collect();
    let unknown = path.iter().filter(|hop| hop.state == State::Unknown).count();
    let caption = match &faulty[..] {
        [] if unknown > 0 => {
            format!("No hop was found broken; {unknown} of {} were not checked.", path.len())
        }
        [] => "No hop was found broken.".to_owned(),
        hops => format!("Broken: {}.", hops.join(", ")),
    };
    format!("<figure>\n{pictures}<figcaption>{}</figcaption>\n</figure>\n", safe(&caption))
}

fn across(path: &[Hop]) -> String {
    const WIDTH: usize = 130;
    const Y: usize = 34;
    let middle = |index: usize| index * WIDTH + WIDTH / 2;
    let mut drawn = String::new();
    for (index, pair) in path.windows(2).enumerate() {
        let (from, to) = (middle(index) + 24, middle(index + 1) - 24);
        drawn.push_str(&format!("<path class=\"{}\" d=\"M{from} {Y}H{to}\"/>\n", link(&pair[1])));
    }
    for (index, hop) in path.iter().enumerate() {
        let x = middle(index);
        let name = hop.name.as_deref().map_or(String::new(), |name| cut(name, 19));
        drawn.push_str(&group(
            hop,
            &format!(
                "{}<g text-anchor=\"middle\"><text x=\"{x}\" y=\"82\" font-size=\"14\" font-weight=\"600\">{}</text>\
                 <text class=\"soft\" x=\"{x}\" y=\"102\" font-size=\"12\">{}</text>\
                 <text class=\"word\" x=\"{x}\" y=\"122\" font-size=\"13\">{}</text></g>",
                mark(hop, x, Y),
                hop.kind.name(),
                safe(&name),
                words::mark(hop.state).word
            ),
        ));
    }
    picture("across", path, path.len() * WIDTH, 134, &drawn)
}

fn down(path: &[Hop], class: &str) -> String {
    const HEIGHT: usize = 66;
    const X: usize = 34;
    let middle = |index: usize| index * HEIGHT + HEIGHT / 2;
    let mut drawn = String::new();
    for (index, pair) in path.windows(2).enumerate() {
        let (from, to) = (middle(index) + 24, middle(index + 1) - 24);
        drawn.push_str(&format!("<path class=\"{}\" d=\"M{X} {from}V{to}\"/>\n", link(&pair[1])));
    }
    for (index, hop) in path.iter().enumerate() {
        let y = middle(index);
        let name = hop.name.as_deref().map_or(String::new(), |name| cut(name, 34));
        drawn.push_str(&group(
            hop,
            &format!(
                "{}<text x=\"72\" y=\"{}\" font-size=\"15\" font-weight=\"600\">{} \
                 <tspan class=\"word\">{}</tspan></text><text class=\"soft\" x=\"72\" y=\"{}\" font-size=\"13\">{}</text>",
                mark(hop, X, y),
                y - 3,
                hop.kind.name(),
                words::mark(hop.state).word,
                y + 16,
                safe(&name),
            ),
        ));
    }
    picture(class, path, 340, path.len() * HEIGHT, &drawn)
}

/// The whole as one image to those who do not see it: its text says every hop and state.
fn picture(class: &str, path: &[Hop], width: usize, height: usize, drawn: &str) -> String {
    let hops: Vec<String> = path
        .iter()
        .map(|hop| format!("{}: {}", hop_label(hop), words::mark(hop.state).word.to_lowercase()))
        .collect();
    let label = safe(&format!("The path, from the client to the targets. {}.", hops.join("; ")));
    format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">\n\
         <desc>{label}</desc>\n{drawn}</svg>\n"
    )
}

fn group(hop: &Hop, drawn: &str) -> String {
    format!("<g class=\"{}\"><title>{}</title>{drawn}</g>\n", hop.state.as_str(), safe(&hop_label(hop)))
}

/// A circle, or for a broken hop a square that stands on its corner.
fn mark(hop: &Hop, x: usize, y: usize) -> String {
    let shape = if hop.state == State::Faulty {
        let (left, top) = (x - 18, y - 18);
        format!(
            "<rect class=\"mark\" x=\"{left}\" y=\"{top}\" width=\"36\" height=\"36\" transform=\"rotate(45 {x} {y})\"/>"
        )
    } else {
        format!("<circle class=\"mark\" cx=\"{x}\" cy=\"{y}\" r=\"20\"/>")
    };
    let (base, sign) = (y + 7, words::mark(hop.state).sign);
    format!(
        "{shape}<text class=\"sign\" x=\"{x}\" y=\"{base}\" font-size=\"20\" font-weight=\"700\" text-anchor=\"middle\">{sign}</text>"
    )
}

/// The way into a broken hop is broken too.
fn link(to: &Hop) -> &'static str {
    if to.state == State::Faulty { "link cut" } else { "link" }
}
