//! A loopback relay between tills and store whose connections can really be broken.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A relay on a port of its own. While cut, nothing listens there and every open connection is gone.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    open: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn target(&self) -> SocketAddr {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Starts relaying to `target`.
    ///
    /// # Errors
    /// No port could be bound.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            open: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let acceptor = Some(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, acceptor })
    }

    /// Where clients connect; the same before and after a cut.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Relays to another address from now on (a restarted server).
    pub fn retarget(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Breaks every connection and stops listening: clients are refused.
    pub fn cut(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The acceptor sits in accept(); one connection of our own wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ended = acceptor.join();
        }
        for stream in self.shared.open().drain(..) {
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }

    /// Listens again on the same port.
    ///
    /// # Errors
    /// The port was taken meanwhile.
    pub fn mend(&mut self) -> io::Result<()> {
        if self.acceptor.is_none() {
            let listener = TcpListener::bind(self.address)?;
            self.shared.stopped.store(false, Ordering::SeqCst);
            self.acceptor = Some(accept(listener, Arc::clone(&self.shared)));
        }
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

fn accept(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    thread::spawn(move || {
        for client in listener.incoming() {
            if shared.stopped.load(Ordering::SeqCst) {
                break;
            }
            if let Ok(client) = client {
                // A failed relay is what a broken network looks like: the client sees it closed.
                let _refused = relay(&client, &shared);
            }
        }
    })
}

fn relay(client: &TcpStream, shared: &Shared) -> io::Result<()> {
    let server = TcpStream::connect(shared.target())?;
    for stream in [client, &server] {
        stream.set_nodelay(true)?;
        shared.open().push(stream.try_clone()?);
    }
    let (up_from, up_to) = (client.try_clone()?, server.try_clone()?);
    let (down_from, down_to) = (server, client.try_clone()?);
    thread::spawn(move || pump(up_from, up_to));
    thread::spawn(move || pump(down_from, down_to));
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0_u8; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ended = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut byte = [0_u8; 1];
                while stream.read_exact(&mut byte).is_ok() {
                    stream.write_all(&byte).unwrap();
                }
            }
        });
        address
    }

    #[test]
    fn a_cut_breaks_open_connections_and_refuses_new_ones_until_mended() {
        let mut proxy = Proxy::start(echo()).unwrap();
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        let mut byte = [0_u8; 1];
        stream.write_all(b"a").unwrap();
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"a");

        proxy.cut();
        assert_eq!(stream.read(&mut byte).unwrap_or(0), 0, "the open connection is gone");
        assert!(TcpStream::connect(proxy.address()).is_err(), "nobody listens");

        proxy.mend().unwrap();
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(b"b").unwrap();
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"b");
    }
}
