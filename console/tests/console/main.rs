//! The console over a real desk in a temporary folder: pages by their samples, doors, forms, the road of an agent.
//!
//! Never here: a mock of the desk. To add a test: the file of its subject.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod charter;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod people;
#[cfg(test)]
mod road;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod watched;
#[cfg(test)]
mod world;
