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
    !(v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast() || v4_is_metadata(v4))
}

/// Addresses at which a machine of a cloud is told its credentials.
fn v4_is_metadata(v4: Ipv4Addr) -> bool {
    // AWS, GCP and Azure use 169.254.169.254.
    v4.is_link_local()
        || [
            // Alibaba Cloud.
            Ipv4Addr::new(100, 100, 100, 200),
            // Azure's host of a machine, and Oracle Cloud's older one.
            Ipv4Addr::new(168, 63, 129, 16),
            Ipv4Addr::new(192, 0, 0, 192),
        ]
        .contains(&v4)
}

fn v6_is_callable(v6: Ipv6Addr) -> bool {
    let metadata = [
        // AWS and GCP over IPv6.
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    ];
    !(v6.is_unicast_link_local()
        || v6.is_unspecified()
        || v6.is_multicast()
        || metadata.contains(&v6))
        && (v6.is_loopback() || v4_behind(v6))
}

/// Whether the IPv4 address to which an IPv6 address leads may be called, where it leads to one.
fn v4_behind(v6: Ipv6Addr) -> bool {
    let octets = v6.octets();
    let v4 = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    let last = v4([12, 13, 14, 15]);
    match v6.segments() {
        // IPv4-compatible (RFC 4291, 2.5.5.1) and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => v4_is_callable(last),
        // 6to4 (RFC 3056).
        [0x2002, ..] => v4_is_callable(v4([2, 3, 4, 5])),
        // NAT64 of one's own (RFC 8215): where the address stands depends on the prefix's length.
        [0x64, 0xff9b, 1, ..] => {
            let layouts = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12]].map(v4);
            !v4_is_metadata(last) && !layouts.into_iter().any(v4_is_metadata)
        }
        _ => true,
    }
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
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "::169.254.169.254",
            "::ffff:168.63.129.16",
            "2002:a9fe:a9fe::",
            "2002:a9fe:a9fe::1",
            "2002:6464:64c8::",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9:fe:a9fe::",
            "64:ff9b:1:0:a9:fea9:fe00:0",
            "::ffff:0.0.0.0",
            "255.255.255.255",
            "ff02::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!AddressPolicy::NoLinkLocal.allows(address), "{text}");
            assert!(AddressPolicy::Any.allows(address));
        }
        for text in [
            "127.0.0.1",
            "10.0.0.5",
            "::1",
            "8.8.8.8",
            "fd00:ec2::253",
            "2002:808:808::1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::8.8.8.8",
            "2606:4700::1111",
        ] {
            assert!(
                AddressPolicy::NoLinkLocal.allows(text.parse().unwrap()),
                "{text}"
            );
        }
    }
}
