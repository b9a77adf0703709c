//! The real window in a virtual display, driven as a person drives it: by keys, by touch, by a scanner that types.

use crate::process::program;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use thirtyfour::prelude::*;
use thirtyfour::{Capabilities, Key};

/// How long a screen may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a screen is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// Pause between typing and a scan; longer than the gap by which the tests' tills tell them apart.
pub const BETWEEN: Duration = Duration::from_millis(600);

/// Waits as a person does.
#[expect(clippy::disallowed_methods, reason = "a window tells nobody when it has painted")]
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// A virtual display.
struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    fn start(width: u32, height: u32) -> std::io::Result<Self> {
        let size = format!("{width}x{height}x24");
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let screen = Self { server, name: format!(":{}", line.trim()) };
        if screen.name == ":" {
            return Err(std::io::Error::other("Xvfb has no display"));
        }
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Asked first: a killed one leaves its lock file, on which a later one stumbles.
        let pid = self.server.id().to_string();
        let asked = Command::new("kill").arg(&pid).status().is_ok_and(|status| status.success());
        if !asked {
            let _gone = self.server.kill();
        }
        let _status = self.server.wait();
    }
}

/// A bus on which programs of one session meet.
#[derive(Debug)]
pub struct SessionBus {
    daemon: Child,
    address: PathBuf,
}

impl SessionBus {
    /// Where programs look for its address.
    pub const VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";

    /// Starts one.
    ///
    /// # Errors
    /// `dbus-daemon` is missing.
    pub fn start() -> std::io::Result<Self> {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = daemon.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(Self { daemon, address: line.trim().into() })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Path {
        &self.address
    }
}

impl Drop for SessionBus {
    fn drop(&mut self) {
        let _gone = self.daemon.kill();
        let _status = self.daemon.wait();
    }
}

/// The window of one till. Everything of it ends when it is dropped.
pub struct Window {
    driver: Option<WebDriver>,
    service: Child,
    data: PathBuf,
    screen: Screen,
}

impl Window {
    /// Opens the window of the till in `data`, which must be enrolled, on a screen of its own.
    ///
    /// # Errors
    /// A program is missing, or the window does not come.
    pub async fn open(data: &Path, width: u32, height: u32) -> WebDriverResult<Self> {
        Self::open_with(data, (width, height), &[]).await
    }

    /// Opens the window with variables of the environment.
    ///
    /// # Errors
    /// A program is missing, or the window does not come.
    pub async fn open_with(
        data: &Path,
        (width, height): (u32, u32),
        variables: &[(&str, &Path)],
    ) -> WebDriverResult<Self> {
        // Twice in one process is as good as once.
        let _before = rustls::crypto::ring::default_provider().install_default();
        // Two at once may both believe a display to be free.
        let screen = Screen::start(width, height).or_else(|_| Screen::start(width, height))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let service = Command::new("WebKitWebDriver")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("DISPLAY", &screen.name)
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env_remove("WAYLAND_DISPLAY")
            // On a common bus a second window would hand over to the first, whatever its till.
            .env(SessionBus::VARIABLE, "unix:path=/nonexistent")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut window = Self { driver: None, service, data: data.to_owned(), screen };
        let mut capabilities = Capabilities::new();
        capabilities.set(
            "webkitgtk:browserOptions",
            serde_json::json!({"binary": program("daybook"), "args": ["--data", data]}),
        )?;
        let address = format!("http://127.0.0.1:{port}");
        // The first start after the installation reads all of WebKit from the disk.
        for _ in 0..1200 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            pause(GLANCE).await;
        }
        let driver = WebDriver::new(&address, capabilities).await?;
        driver.set_window_rect(0, 0, width, height).await?;
        window.driver = Some(driver);
        Ok(window)
    }

    /// Its driver.
    ///
    /// # Panics
    /// After [`Window::kill`].
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("the window is open")
    }

    /// The display that it is on.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.screen.name
    }

    /// Waits until there is no such element.
    ///
    /// # Errors
    /// It stays.
    pub async fn gone(&self, css: &str) -> WebDriverResult<()> {
        self.driver().query(By::Css(css)).wait(PATIENCE, GLANCE).not_exists().await.map(|_| ())
    }

    /// Waits for an element and answers it.
    ///
    /// # Errors
    /// It does not come.
    pub async fn find(&self, css: &str) -> WebDriverResult<WebElement> {
        self.driver().query(By::Css(css)).wait(PATIENCE, GLANCE).first().await
    }

    /// Waits until an element's text holds `part`, and answers the text.
    ///
    /// # Errors
    /// It does not come to hold it.
    pub async fn text(&self, css: &str, part: &str) -> WebDriverResult<String> {
        let mut last = String::new();
        for _ in 0..400 {
            if let Ok(element) = self.driver().find(By::Css(css)).await
                && let Ok(text) = element.text().await
            {
                if text.contains(part) {
                    return Ok(text);
                }
                last = text;
            }
            pause(GLANCE).await;
        }
        let page = self.driver().find(By::Css("body")).await?.text().await.unwrap_or_default();
        panic!("{css} never showed {part:?}; it shows {last:?}; the page: {page}")
    }

    /// Touches a button by its text.
    ///
    /// # Errors
    /// There is none.
    pub async fn touch(&self, text: &str) -> WebDriverResult<()> {
        let quoted = text.replace('\'', "\u{2019}");
        let path = format!("//button[not(@disabled)][contains(normalize-space(.), '{quoted}')]");
        let button = self
            .driver()
            .query(By::XPath(&path))
            .wait(PATIENCE, GLANCE)
            .and_displayed()
            .first()
            .await?;
        button.click().await
    }

    /// Touches a key on the screen.
    ///
    /// # Errors
    /// There is none.
    pub async fn touch_key(&self, key: &str) -> WebDriverResult<()> {
        let path = format!(
            "//*[@class and contains(@class, 'touch-keys')]//button[normalize-space(.)='{key}']"
        );
        self.driver().query(By::XPath(&path)).wait(PATIENCE, GLANCE).first().await?.click().await
    }

    /// Touches the label of a field.
    ///
    /// # Errors
    /// There is none.
    pub async fn touch_label(&self, text: &str) -> WebDriverResult<()> {
        let path = format!("//label[contains(normalize-space(.), '{text}')]");
        self.driver().query(By::XPath(&path)).wait(PATIENCE, GLANCE).first().await?.click().await
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Errors
    /// The driver fails.
    pub async fn keys(&self, keys: impl Into<thirtyfour::TypingData>) -> WebDriverResult<()> {
        self.driver().action_chain().send_keys(keys).perform().await
    }

    /// Types into a field in place of what is there.
    ///
    /// # Errors
    /// There is none.
    pub async fn fill(&self, css: &str, text: &str) -> WebDriverResult<()> {
        let field = self.find(css).await?;
        field.click().await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(text).await
    }

    /// Scans: a burst of keys that ends with Enter.
    ///
    /// # Errors
    /// The driver fails.
    pub async fn scan(&self, code: &str) -> WebDriverResult<()> {
        // The hand takes the scanner: what was typed before is no part of the burst.
        pause(BETWEEN).await;
        self.keys(code.to_owned() + Key::Enter).await
    }

    /// Signs a person in by touch and PIN.
    ///
    /// # Errors
    /// The screen does not come.
    pub async fn sign_in(&self, name: &str, pin: &str) -> WebDriverResult<()> {
        self.touch(name).await?;
        self.keys(pin.to_owned() + Key::Enter).await?;
        self.find("header .person").await.map(|_| ())
    }

    /// Writes a picture of the window.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn picture(&self, file: &Path) -> WebDriverResult<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // What is on the screen, not what the driver would paint: it waits for ever when nothing changes.
        let taken = Command::new("import")
            .args(["-display", &self.screen.name, "-window", "root"])
            .arg(file)
            .status()?;
        if taken.success() { Ok(()) } else { Err(std::io::Error::other("no picture").into()) }
    }

    /// Controls that a finger may miss: lower or narrower than 48 px, or 72 px where numbers are entered and money is taken; one a
    /// line, empty where there is none. A label is part of what it names.
    ///
    /// # Errors
    /// The driver fails.
    pub async fn small_targets(&self) -> WebDriverResult<String> {
        let script = "
            const large = '.pad button, .numbers button, .quick button, .entry button, button.pay';
            const small = [];
            for (const one of document.querySelectorAll('button, input, select, textarea, summary')) {
                const whole = one.matches('[type=checkbox], [type=radio]') ? one.closest('label') ?? one : one;
                const { width, height } = whole.getBoundingClientRect();
                const least = one.matches(large) ? 72 : 48;
                if (width > 0 && (width < least - 0.5 || height < least - 0.5))
                    small.push(`${width.toFixed()}x${height.toFixed()} ${one.outerHTML.slice(0, 120)}`);
            }
            return small.join('\\n');";
        let found = self.driver().execute(script, vec![]).await?;
        Ok(found.json().as_str().unwrap_or_default().to_owned())
    }

    /// What axe-core finds in the page as it is, by the rules of WCAG 2.2 A and AA: rule and element, one a line; empty where it
    /// finds nothing.
    ///
    /// # Errors
    /// axe-core is not installed beside the window's sources, or the driver fails.
    pub async fn accessibility(&self) -> WebDriverResult<String> {
        let axe =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
        // Its last line is a comment, which would swallow what the driver puts after it.
        self.driver().execute(std::fs::read_to_string(axe)? + "\n", vec![]).await?;
        let script = "
            const done = arguments[arguments.length - 1];
            const only = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
            axe.run(document, { runOnly: only, resultTypes: ['violations'] }).then(
                (found) => done(found.violations.flatMap((rule) => rule.nodes.map((node) =>
                    `${rule.id}: ${node.html.slice(0, 160)} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''})`)).join('\\n')),
                (error) => done(`axe failed: ${error}`));";
        let found = self.driver().execute_async(script, vec![]).await?;
        Ok(found.json().as_str().unwrap_or_default().to_owned())
    }

    /// Kills the program as a power cut does, and everything around it.
    pub fn kill(self) {
        drop(self);
    }

    fn kill_program(&self) {
        let pattern = format!("daybook --data {}", self.data.display());
        // A killed program holds its ledger until the kernel has buried it.
        for _ in 0..200 {
            let killed = Command::new("pkill").args(["-KILL", "-f", &pattern]).status();
            if !killed.is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::park_timeout(GLANCE);
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.kill_program();
        let _gone = self.service.kill();
        let _status = self.service.wait();
        if let Some(driver) = self.driver.take() {
            // The session ended with its service; there is nobody to tell.
            let _left = driver.leak();
        }
    }
}
