//! A proxy before the database, which can stop or end its connections.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};
use tokio_postgres::{Config, config::Host};

/// How the proxy treats its connections.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Forward,
    /// It accepts connections and bytes, and answers nothing: a database that was stopped.
    Stopped,
    /// It ends its connections, and new ones: a database that restarts.
    Down,
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    mode: watch::Sender<Mode>,
    port: u16,
}

impl Proxy {
    /// A proxy before the database of this URL, which has a host and a port.
    pub(crate) async fn start(url: &str) -> Self {
        let config: Config = url.parse().unwrap();
        let Some(Host::Tcp(host)) = config.get_hosts().first() else {
            panic!("the URL has no host");
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let address = (host.clone(), port);
        let (mode, seen) = watch::channel(Mode::Forward);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (address, mode) = (address.clone(), seen.clone());
                tokio::spawn(async move {
                    let current = *mode.borrow();
                    if current == Mode::Down {
                        return;
                    }
                    let database = TcpStream::connect(address).await.unwrap();
                    let (from_client, to_client) = client.into_split();
                    let (from_database, to_database) = database.into_split();
                    tokio::spawn(forward(from_client, to_database, mode.clone()));
                    tokio::spawn(forward(from_database, to_client, mode));
                });
            }
        });
        Self { mode, port: own }
    }

    /// The URL of the database by way of the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let config: Config = url.parse().unwrap();
        let user = config.get_user().unwrap_or("postgres");
        let password = config.get_password().unwrap_or_default();
        let password = String::from_utf8_lossy(password);
        let database = config.get_dbname().unwrap_or(user);
        let port = self.port;
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

/// Forwards bytes of one direction.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let current = *mode.borrow_and_update();
        match current {
            Mode::Down => return,
            Mode::Stopped => {
                if mode.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Mode::Forward => {}
        }
        tokio::select! {
            read = from.read(&mut bytes) => {
                let Ok(length @ 1..) = read else { return };
                if *mode.borrow() == Mode::Stopped {
                    // They never arrive.
                    continue;
                }
                if to.write_all(&bytes[..length]).await.is_err() {
                    return;
                }
            }
            changed = mode.changed() => if changed.is_err() { return },
        }
    }
}
