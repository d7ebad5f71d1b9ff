//! The sign of an app or owner on a page: one or two letters on a colour, both made from the name.
//!
//! Generated instead of logos: nothing to fetch, nothing that can carry script, no trademark to ask for.

/// Colours in `style.css`: `.hue-0` to `.hue-11`. Classes, because the policy of the pages forbids inline style.
const HUES: u32 = 12;

/// Letters and a colour for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Monogram {
    /// The name itself.
    pub(super) name: String,
    /// Its initials.
    pub(super) letters: String,
    /// The number of its colour.
    pub(super) hue: u32,
}

impl Monogram {
    /// The monogram of `name`.
    pub(super) fn new(name: &str) -> Self {
        let initials = name
            .split(|c: char| !c.is_alphanumeric())
            .filter_map(|word| word.chars().next())
            .flat_map(char::to_uppercase)
            .take(2)
            .collect();
        // FNV-1a: stable between versions of Rust, so that an app keeps its colour.
        let hash = name
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self { name: name.to_owned(), letters: initials, hue: hash % HUES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_the_initials_of_the_first_two_words() {
        for (name, letters) in
            [("Google Mail", "GM"), ("zendesk", "Z"), ("a-b-c", "AB"), ("", ""), ("<b>", "B"), ("été", "É")]
        {
            assert_eq!(Monogram::new(name).letters, letters, "{name}");
        }
    }

    #[test]
    fn a_colour_stays_the_same_and_exists_in_the_style_sheet() {
        assert_eq!(Monogram::new("Stripe"), Monogram::new("Stripe"));
        let css = include_str!("assets/style.css");
        for hue in 0..HUES {
            assert!(css.contains(&format!(".hue-{hue} {{")), "{hue}");
        }
    }
}
