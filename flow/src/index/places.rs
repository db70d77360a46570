//! What a place is for, by its name: secrets are kept there, a house stands there.
//!
//! Never here: what follows from it (`judge`). To add a word: its line in one of the lists, folded.

use crate::words::tokens::name_words;

/// Words of a place where secrets are kept.
const KEPT: &str = "credential credentials secret secrets password passwords passwort passworter kennwort kennworter zugang zugange zugangsdaten env keys key pem kdbx token tokens vault id_rsa id_ed25519 ssh identifiants contrasenas htpasswd";
/// Words of the address of a house.
const STREET: &str = "address addresses anschrift adresse direccion domicilio street lieferadresse";

/// True for the name of a place where secrets are kept.
pub(crate) fn keeps_secrets(text: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|word| KEPT.split(' ').any(|kept| kept == word))
}

/// True for the name of a field that is the address of a house.
pub(crate) fn is_street(key: &str) -> bool {
    name_words(key.trim_end_matches(|letter: char| letter.is_ascii_digit()))
        .iter()
        .any(|word| STREET.split(' ').any(|one| one == word))
}
