//! One test binary for what needs sockets.
//!
//! Never here: a test. To add some: a file, its name below.

#[cfg(test)]
mod client;
#[cfg(test)]
mod smtp;
