//! The demonstration: a shop with a real history and fictional people.

pub mod calls;
mod names;
pub mod people;
pub mod purchases;

/// The definitions of the win-back campaign, by file name.
pub const WIN_BACK: [(&str, &str); 4] = [
    ("shop.yaml", include_str!("../scenarios/win-back/shop.yaml")),
    ("lapsed.yaml", include_str!("../scenarios/win-back/lapsed.yaml")),
    ("win-back.yaml", include_str!("../scenarios/win-back/win-back.yaml")),
    ("birthday-card.yaml", include_str!("../scenarios/win-back/birthday-card.yaml")),
];

/// The definitions as a command takes them.
pub fn win_back() -> Vec<(String, String)> {
    WIN_BACK.iter().map(|(file, yaml)| ((*file).to_owned(), (*yaml).to_owned())).collect()
}
