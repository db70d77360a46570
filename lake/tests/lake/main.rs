//! The lake through its public face.

#[cfg(test)]
mod activity;
#[cfg(test)]
mod arriving;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod world;
