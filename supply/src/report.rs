//! A scan for people and for other programs: a summary for a terminal, SARIF, a page.
//!
//! Never here: a finding. To add a form: a file below `report/`.

pub mod html;
pub mod sarif;
pub mod summary;
