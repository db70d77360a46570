//! [`pipe`]: messages on their way to one reader, bounded by their number and by their bytes. Who waits for a slow reader is
//! slowed with it; who cannot wait is told that there is no room.
//!
//! Never here: what a message says, or one that is dropped without a word to whoever put it in.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::refusal::Refusal;

/// What has a size.
pub(crate) trait Weighs {
    /// Bytes that it keeps.
    fn weight(&self) -> usize;
}

impl Weighs for Bytes {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl<T: Weighs> Weighs for Result<T, Refusal> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Weighs::weight)
    }
}

/// Room for waiting messages, of one reader or of several.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    left: Arc<Semaphore>,
    kib: u32,
}

impl Room {
    /// Of so many kibibytes.
    pub(crate) fn new(kib: u32) -> Self {
        Self { left: Arc::new(Semaphore::new(kib as usize)), kib }
    }

    /// The part that a message takes. One that is larger than all of the room waits until it is alone.
    fn part(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(self.kib).clamp(1, self.kib)
    }
}

type Waiting<T> = (T, OwnedSemaphorePermit);

/// Where messages are put in.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    to: mpsc::Sender<Waiting<T>>,
    room: Room,
}

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        Self { to: self.to.clone(), room: self.room.clone() }
    }
}

/// Where they come out.
#[derive(Debug)]
pub(crate) struct Tap<T>(mpsc::Receiver<Waiting<T>>);

/// Nobody reads any more, or there is no room for this one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shut;

/// A pipe for so many messages at most, in this room.
pub(crate) fn pipe<T: Weighs>(most: usize, room: &Room) -> (Feed<T>, Tap<T>) {
    let (to, from) = mpsc::channel(most);
    (Feed { to, room: room.clone() }, Tap(from))
}

impl<T: Weighs> Feed<T> {
    /// Puts a message in as soon as there is room.
    ///
    /// # Errors
    /// If nobody reads any more.
    pub(crate) async fn send(&self, message: T) -> Result<(), Shut> {
        let part = self.room.part(message.weight());
        let left = Arc::clone(&self.room.left).acquire_many_owned(part);
        let place = tokio::select! {
            biased;
            () = self.to.closed() => return Err(Shut),
            place = left => place.map_err(|_closed| Shut)?,
        };
        self.to.send((message, place)).await.map_err(|_gone| Shut)
    }

    /// Puts a message in if there is room now.
    ///
    /// # Errors
    /// If there is none, or nobody reads any more.
    pub(crate) fn try_send(&self, message: T) -> Result<(), Shut> {
        let part = self.room.part(message.weight());
        let place = Arc::clone(&self.room.left).try_acquire_many_owned(part);
        let place = place.map_err(|_full| Shut)?;
        self.to.try_send((message, place)).map_err(|_full| Shut)
    }
}

impl<T> Feed<T> {
    /// Returns when nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.to.closed().await;
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.to.is_closed()
    }
}

impl<T> Tap<T> {
    /// The next message; nothing when all who put them in are gone.
    pub(crate) async fn recv(&mut self) -> Option<T> {
        self.0.recv().await.map(|(message, _place)| message)
    }

    /// The same for who polls.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(ready!(self.0.poll_recv(cx)).map(|(message, _place)| message))
    }

    /// The next message if it is there.
    #[cfg(test)]
    pub(crate) fn try_recv(&mut self) -> Option<T> {
        self.0.try_recv().ok().map(|(message, _place)| message)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn of(kib: usize) -> Bytes {
        Bytes::from(vec![b'x'; kib << 10])
    }

    #[tokio::test]
    async fn what_waits_is_bounded_by_bytes_and_by_number() {
        let room = Room::new(4);
        let (feed, mut tap) = pipe(3, &room);
        assert_eq!(feed.try_send(of(3)), Ok(()));
        assert_eq!(feed.try_send(of(2)), Err(Shut), "too many bytes");
        assert!(feed.send(of(2)).now_or_never().is_none(), "who can wait waits");
        assert_eq!(feed.try_send(of(1)), Ok(()));
        assert_eq!(tap.recv().await, Some(of(3)));
        assert_eq!(feed.try_send(of(1)).and_then(|()| feed.try_send(of(1))), Ok(()));
        assert_eq!(feed.try_send(of(0)), Err(Shut), "too many");
        let (other, mut others) = pipe(3, &room);
        assert_eq!(other.try_send(of(2)), Err(Shut), "the room is one for both");
        drop(tap);
        assert_eq!(other.try_send(of(9)), Ok(()), "larger than all of it, alone");
        assert_eq!(other.try_send(of(0)), Err(Shut));
        let waits = other.send(of(1));
        tokio::pin!(waits);
        assert!((&mut waits).now_or_never().is_none());
        assert_eq!(others.try_recv(), Some(of(9)));
        assert_eq!(waits.await, Ok(()));
    }

    #[tokio::test]
    async fn who_waits_for_a_reader_that_leaves_is_told() {
        let (feed, tap) = pipe(1, &Room::new(1));
        feed.try_send(of(1)).unwrap();
        let waits = feed.send(of(1));
        tokio::pin!(waits);
        assert!((&mut waits).now_or_never().is_none());
        drop(tap);
        assert_eq!(waits.await, Err(Shut));
        assert!(feed.is_closed());
        feed.closed().await;
    }
}
