//! The way to a printer: raw over TCP, a device file, or the system's printing.

use super::setup::{Connection, PrinterSetup};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a printer may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long it may take to take bytes: a cutter that works, a full buffer.
const TAKE: Duration = Duration::from_secs(10);
/// How long it may take to say how it is.
const ANSWER: Duration = Duration::from_secs(2);

/// Why something did not get to paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintFault {
    /// Stable code, `printer.…` or `print.…`.
    pub code: &'static str,
    /// What the system or the printer said.
    pub message: String,
    /// Bytes were sent: it may be on paper.
    pub sent: bool,
    /// The same may work later, by itself.
    pub again: bool,
}

impl PrintFault {
    pub(crate) fn later(code: &'static str, message: &dyn std::fmt::Display) -> Self {
        Self { code, message: message.to_string(), sent: false, again: true }
    }

    pub(super) fn lasting(code: &'static str, message: &dyn std::fmt::Display) -> Self {
        Self { code, message: message.to_string(), sent: false, again: false }
    }

    fn cut_off(message: &dyn std::fmt::Display) -> Self {
        Self { code: "printer.cut_off", message: message.to_string(), sent: true, again: false }
    }
}

/// Sends bytes to the receipt printer.
pub(super) fn raw(setup: &PrinterSetup, bytes: &[u8]) -> Result<(), PrintFault> {
    match &setup.connection {
        Connection::None => Err(PrintFault::lasting("printer.none", &"no printer is set up")),
        Connection::Network { host, port } => over_tcp(host, *port, setup.answers, bytes),
        Connection::Device { path } => to_device(path, bytes),
        Connection::System { queue } => {
            Err(PrintFault::lasting("printer.not_raw", &format!("{queue} takes documents only")))
        }
    }
}

fn over_tcp(host: &str, port: u16, answers: bool, bytes: &[u8]) -> Result<(), PrintFault> {
    let unreachable = |error: std::io::Error| PrintFault::later("printer.unreachable", &error);
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(unreachable)?.collect();
    let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
    let found = addresses.iter().find_map(|address| {
        TcpStream::connect_timeout(address, CONNECT).map_err(|error| last = error).ok()
    });
    let Some(mut stream) = found else { return Err(unreachable(last)) };
    let timeouts = stream
        .set_write_timeout(Some(TAKE))
        .and_then(|()| stream.set_read_timeout(Some(ANSWER)))
        .and_then(|()| stream.set_nodelay(true));
    timeouts.map_err(unreachable)?;
    if answers {
        ask(&mut stream)?;
    }
    stream
        .write_all(bytes)
        .and_then(|()| stream.flush())
        .map_err(|error| PrintFault::cut_off(&error))?;
    stream.shutdown(Shutdown::Write).map_err(|error| PrintFault::cut_off(&error))?;
    // A printer that resets the connection has not printed all; one that just stays silent has.
    let mut rest = [0; 64];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(PrintFault::cut_off(&error)),
        }
    }
}

/// Asks the printer how it is (`DLE EOT`), before the job: nothing of it is sent to one that cannot print.
fn ask(stream: &mut TcpStream) -> Result<(), PrintFault> {
    let mut about = |what: u8| {
        let mut answer = [0];
        stream
            .write_all(&[0x10, 0x04, what])
            .and_then(|()| stream.read_exact(&mut answer))
            .map_err(|error| PrintFault::later("printer.no_answer", &error))?;
        Ok(answer[0])
    };
    let fault = |code, message: &str| Err(PrintFault::later(code, &message));
    // Paper sensors: bits 5 and 6 say that there is none.
    if about(4)? & 0b0110_0000 != 0 {
        return fault("printer.paper_out", "the printer has no paper");
    }
    // Cause of being offline: cover, error.
    let cause = about(2)?;
    if cause & 0b0000_0100 != 0 {
        return fault("printer.cover_open", "the printer's cover is open");
    }
    if cause & 0b0100_0000 != 0 {
        return fault("printer.error", "the printer reports an error");
    }
    if about(1)? & 0b0000_1000 != 0 {
        return fault("printer.offline", "the printer is offline");
    }
    Ok(())
}

/// Runs what may never come back beside everything else, and waits for it a while: by then it may have sent something.
fn within(
    wait: Duration,
    work: impl FnOnce() -> Result<(), PrintFault> + Send + 'static,
) -> Result<(), PrintFault> {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits any more for what took too long.
        let _late = done.send(work());
    });
    let late = |_| Err(PrintFault::cut_off(&"the printer takes nothing"));
    outcome.recv_timeout(wait).unwrap_or_else(late)
}

/// A device that is out of paper takes no bytes, and does not say so.
fn to_device(path: &str, bytes: &[u8]) -> Result<(), PrintFault> {
    let (path, bytes) = (path.to_owned(), bytes.to_vec());
    within(TAKE, move || {
        let mut file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| PrintFault::later("printer.unreachable", &error))?;
        let written = file.write_all(&bytes).and_then(|()| file.flush());
        written.map_err(|error| PrintFault::cut_off(&error))
    })
}

/// Hands a PDF to a queue of the system's printing (CUPS).
pub(super) fn to_system(
    queue: &str,
    title: &str,
    options: &[&str],
    pdf: Vec<u8>,
) -> Result<(), PrintFault> {
    let mut lp = Command::new("lp");
    lp.args(["-d", queue, "-t", title]);
    for option in options {
        lp.args(["-o", option]);
    }
    within(TAKE, move || hand_over(lp, &pdf))
}

fn hand_over(mut lp: Command, pdf: &[u8]) -> Result<(), PrintFault> {
    let spawned = lp.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(PrintFault::lasting("printer.no_system", &"lp of CUPS is not installed"));
        }
        Err(error) => return Err(PrintFault::later("printer.system", &error)),
    };
    // A queue that does not exist is refused before all is read: what lp says then counts.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(pdf));
    let output =
        child.wait_with_output().map_err(|error| PrintFault::later("printer.system", &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(PrintFault::lasting("printer.system", &said));
    }
    written.map_err(|error| PrintFault::later("printer.system", &error))
}

/// Names of the system's printer queues; none where there is no CUPS.
#[must_use]
pub fn system_printers() -> Vec<String> {
    let asked =
        Command::new("lpstat").arg("-e").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let Ok(output) = asked else { return Vec::new() };
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
