//! The door: who may stay connected, and how long. A client that says nothing is sent away in time, and where all places are
//! taken the one that has been silent longest makes room.

use axum_server::accept::Accept;
use std::collections::BTreeMap;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;

/// How long a request's head may take to arrive, and a connection may be kept without a request.
pub const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// How long a connection may live on which nothing moves: longer than any body and any answer may take.
const STILL_MAX: Duration = Duration::from_secs(180);
/// Most connections, where the machine allows as many files.
const GUESTS_MAX: usize = 8_192;
/// Files that are kept for the data, the log and what is being accepted.
const FILES_KEPT: usize = 128;

/// Allows this process as many files as the machine does, and says how many connections fit.
#[must_use]
pub fn places() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
    let files = if raised.is_ok() { now.maximum } else { now.current };
    let files = files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    // A small limit is halved: there must be room for both.
    files.saturating_sub(FILES_KEPT).max(files / 2).min(GUESTS_MAX)
}

/// Lets connections in, up to a number.
#[derive(Clone)]
pub struct Door {
    guests: Arc<Mutex<Guests>>,
}

struct Guests {
    max: usize,
    next: u64,
    open: BTreeMap<u64, Guest>,
}

struct Guest {
    /// Requests that are being answered.
    at_work: usize,
    since: Instant,
    /// Dropped to send the guest away.
    _stays: oneshot::Sender<()>,
}

impl Door {
    /// A door to so many places.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { guests: Arc::new(Mutex::new(Guests { max, next: 0, open: BTreeMap::new() })) }
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if there is one or one can be made.
    fn let_in(&self) -> Option<(Seat, oneshot::Receiver<()>)> {
        let mut guests = self.guests();
        if guests.open.len() >= guests.max && !guests.send_away() {
            return None;
        }
        let (stays, gone) = oneshot::channel();
        let number = guests.next;
        guests.next += 1;
        let guest = Guest { at_work: 0, since: Instant::now(), _stays: stays };
        guests.open.insert(number, guest);
        Some((Seat { door: self.clone(), number }, gone))
    }
}

impl Guests {
    /// Sends away whoever has been silent longest. Who is being answered stays.
    fn send_away(&mut self) -> bool {
        let silent = self.open.iter().filter(|(_, guest)| guest.at_work == 0);
        let longest = silent.min_by_key(|(_, guest)| guest.since).map(|(number, _)| *number);
        longest.is_some_and(|number| self.open.remove(&number).is_some())
    }
}

/// A place that is taken as long as this lives.
struct Seat {
    door: Door,
    number: u64,
}

impl Seat {
    /// A request is being answered while what is returned lives.
    fn work(self: &Arc<Self>) -> Work {
        if let Some(guest) = self.door.guests().open.get_mut(&self.number) {
            guest.at_work += 1;
        }
        Work(Arc::clone(self))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.door.guests().open.remove(&self.number);
    }
}

struct Work(Arc<Seat>);

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(guest) = self.0.door.guests().open.get_mut(&self.0.number) {
            guest.at_work = guest.at_work.saturating_sub(1);
            guest.since = Instant::now();
        }
    }
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = Watched<TcpStream>;
    type Service = Seated<S>;
    type Future = Ready<std::io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Some((seat, gone)) = self.let_in() else {
            return ready(Err(std::io::ErrorKind::ConnectionRefused.into()));
        };
        let seat = Arc::new(seat);
        let still = Box::pin(sleep_until(Instant::now() + STILL_MAX));
        let watched = Watched { stream, gone, still, _seat: seat.clone() };
        ready(Ok((watched, Seated { service, seat })))
    }
}

/// What answers one guest's requests.
#[derive(Clone)]
pub struct Seated<S> {
    service: S,
    seat: Arc<Seat>,
}

impl<R, S> Service<R> for Seated<S>
where
    S: Service<R, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (work, answer) = (self.seat.work(), self.service.call(request));
        Box::pin(async move {
            let answered = answer.await;
            drop(work);
            answered
        })
    }
}

/// A connection that ends when its guest is sent away, or when nothing has moved on it for too long.
pub struct Watched<T> {
    stream: T,
    gone: oneshot::Receiver<()>,
    still: Pin<Box<Sleep>>,
    _seat: Arc<Seat>,
}

impl<T> Watched<T> {
    fn moved<R>(
        &mut self,
        polled: Poll<std::io::Result<R>>,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<R>> {
        if polled.is_ready() {
            self.still.as_mut().reset(Instant::now() + STILL_MAX);
            return polled;
        }
        if Pin::new(&mut self.gone).poll(cx).is_ready() {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionAborted.into()));
        }
        if self.still.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.moved(polled, cx)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.moved(polled, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_been_silent_longest_makes_room_and_who_is_answered_stays() {
        let door = Door::new(2);
        let (first, mut first_gone) = door.let_in().unwrap();
        let (second, mut second_gone) = door.let_in().unwrap();
        let (first, second) = (Arc::new(first), Arc::new(second));
        let work = first.work();
        let (third, mut third_gone) = door.let_in().unwrap();
        assert!(
            second_gone
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
        assert!(
            first_gone.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        let (third, kept) = (Arc::new(third), third_gone.try_recv());
        assert!(kept.is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        let _busy = third.work();
        assert!(door.let_in().is_none(), "both are being answered");
        drop((work, second));
        assert!(door.let_in().is_some(), "the first has been answered");
        assert!(
            first_gone.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
    }
}
