//! How spans of records are packed and opened again.
