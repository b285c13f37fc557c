//! Which broker an address means.

use konbini_client::HostPort;
use std::collections::BTreeMap;

/// Where every broker listens.
const PORT: u16 = 9092;
/// Broker N is also `localhost` at this port plus N.
const LOCAL_BASE: u16 = 9091;

/// The addresses of all brokers: `broker-N:9092`, unless a host has sockets of its own for them.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// What brokers advertise (`advertised.listeners`), where that is not their name.
    pub(crate) advertised: BTreeMap<i32, HostPort>,
}

impl Addresses {
    /// What broker `id` advertises.
    pub(crate) fn of(&self, id: i32) -> HostPort {
        match self.advertised.get(&id) {
            Some(address) => address.clone(),
            None => HostPort::new(format!("broker-{id}"), PORT),
        }
    }

    /// The broker behind an address; `None` for anything else. Whether it is there and up is
    /// another question.
    pub(crate) fn resolve(&self, host: &str, port: u16) -> Option<i32> {
        let is_there = |address: &HostPort| address.host == host && address.port == port;
        let mut advertised = self.advertised.iter();
        match advertised.find(|(_, address)| is_there(address)) {
            Some((id, _)) => Some(*id),
            None => by_name(host, port),
        }
    }
}

fn by_name(host: &str, port: u16) -> Option<i32> {
    if matches!(host, "localhost" | "127.0.0.1") {
        let id = port.checked_sub(LOCAL_BASE)?;
        return (id >= 1).then_some(i32::from(id));
    }
    let digits = host.strip_prefix("broker-")?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if port != PORT || !plain {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let mut addresses = Addresses::default();
        let check = |host: &str, port, expect| assert_eq!(by_name(host, port), expect, "{host}");
        check("broker-1", 9092, Some(1));
        check("broker-12", 9092, Some(12));
        check("broker-1", 9093, None);
        check("broker-01", 9092, None);
        check("broker-", 9092, None);
        check("broker-+1", 9092, None);
        check("broker-99999999999", 9092, None);
        check("localhost", 9092, Some(1));
        check("127.0.0.1", 9094, Some(3));
        check("localhost", 9091, None);
        check("localhost", 80, None);
        check("example.com", 9092, None);

        assert_eq!(addresses.of(2), HostPort::new("broker-2", 9092));
        let own = HostPort::new("127.0.0.1", 9092);
        addresses.advertised.insert(2, own.clone());
        assert_eq!(addresses.of(2), own);
        assert_eq!(addresses.resolve("127.0.0.1", 9092), Some(2));
        assert_eq!(addresses.resolve("broker-2", 9092), Some(2));
    }
}
