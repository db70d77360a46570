//! The tables of `data/`, read strictly: a row with another number of columns, an empty cell or a key that stands twice fails the
//! tests, and is left out at run time.
//!
//! Never here: what a row means. To add a table: a file in `data/`, a line in [`ALL`], a reader in the file that uses it.

/// Where clients keep what starts servers and steers models.
pub(crate) const CLIENTS: &str = include_str!("../../data/clients.tsv");
/// AI services by domain.
pub(crate) const SERVICES: &str = include_str!("../../data/services.tsv");
/// Forms of keys.
pub(crate) const KEYS: &str = include_str!("../../data/keys.tsv");
/// Imports and calls that make an agent.
pub(crate) const FRAMEWORKS: &str = include_str!("../../data/frameworks.tsv");
/// Packages.
pub(crate) const PACKAGES: &str = include_str!("../../data/packages.tsv");
/// Extensions of editors.
pub(crate) const EXTENSIONS: &str = include_str!("../../data/extensions.tsv");

#[cfg(test)]
/// Every table: its name, its text, its columns, and how many of the first ones are its key (0: the whole row).
pub(crate) const ALL: [(&str, &str, usize, usize); 6] = [
    ("clients", CLIENTS, 7, 0),
    ("services", SERVICES, 5, 1),
    ("keys", KEYS, 8, 3),
    ("frameworks", FRAMEWORKS, 5, 0),
    ("packages", PACKAGES, 4, 2),
    ("extensions", EXTENSIONS, 3, 1),
];

/// The rows of a table with `N` columns.
pub(crate) fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let cells: Vec<&'static str> = line.split('\t').collect();
        cells.try_into().ok()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_whole_and_stands_once() {
        for (name, table, columns, key) in ALL {
            let mut seen = BTreeSet::new();
            for line in table.lines().filter(|line| !line.starts_with('#')) {
                let cells: Vec<&str> = line.split('\t').collect();
                assert_eq!(cells.len(), columns, "{name}: {line}");
                assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{name}: {line}");
                assert!(cells[columns - 1].starts_with("https://"), "{name} has no source: {line}");
                let key = cells[..if key == 0 { columns } else { key }].join("\t");
                assert!(seen.insert(key), "{name} has twice: {line}");
            }
            assert!(seen.len() > 30, "{name}");
        }
    }

    #[test]
    fn the_catalogue_of_services_is_as_large_as_it_says() {
        assert!(rows::<5>(SERVICES).count() >= 250);
        for [domain, _, category, risk, _] in rows::<5>(SERVICES) {
            assert!(["low", "medium", "high"].contains(&risk), "{domain}: {risk}");
            assert!(
                !category.is_empty() && domain == domain.to_lowercase() && domain.contains('.')
            );
        }
    }
}
