//! Which addresses we call, judged after the name was resolved.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a client may connect to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Any. For a publisher, whose owner wrote the URL himself.
    #[default]
    Any,
    /// No link-local address, metadata service, multicast or unspecified address. For the server,
    /// whose rows are written by others.
    NoLinkLocal,
}

impl AddressPolicy {
    /// Whether `address` may be called.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::NoLinkLocal => match address.to_canonical() {
                IpAddr::V4(v4) => v4_is_callable(v4),
                IpAddr::V6(v6) => v6_is_callable(v6),
            },
        }
    }
}

fn v4_is_callable(v4: Ipv4Addr) -> bool {
    // 100.100.100.200 is Alibaba Cloud's metadata service; AWS, GCP and Azure use 169.254.169.254.
    let metadata = Ipv4Addr::new(100, 100, 100, 200);
    !(v4.is_link_local()
        || v4.is_unspecified()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4 == metadata)
}

fn v6_is_callable(v6: Ipv6Addr) -> bool {
    // AWS's metadata service over IPv6.
    let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    // NAT64 (RFC 6052) leads to an IPv4 address.
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = v6.segments() {
        return v4_is_callable(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    !(v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || v6 == metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_and_link_local_addresses_are_refused_in_every_spelling() {
        for text in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!AddressPolicy::NoLinkLocal.allows(address), "{text}");
            assert!(AddressPolicy::Any.allows(address));
        }
        for text in ["127.0.0.1", "10.0.0.5", "::1", "8.8.8.8"] {
            assert!(
                AddressPolicy::NoLinkLocal.allows(text.parse().unwrap()),
                "{text}"
            );
        }
    }
}
