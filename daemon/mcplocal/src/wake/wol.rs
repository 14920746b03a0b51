//! Wake-on-LAN: one datagram that a network card understands while its machine sleeps.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use crate::config::Wol;
use crate::publish::Failed;

/// Six times 0xff, then the card's address sixteen times.
const PACKET_BYTES: usize = 6 + 16 * 6;
/// Datagrams get lost; the card takes any number of them.
const COPIES: usize = 3;

/// Sends the magic packet.
pub(super) async fn send(wol: &Wol) -> Result<(), Failed> {
    let packet = packet(wol.mac);
    let sent = async {
        let any: SocketAddr = match wol.to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        socket.set_broadcast(true)?;
        for _ in 0..COPIES {
            socket.send_to(&packet, wol.to).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    sent.await.map_err(|failed| Failed {
        for_owner: format!(
            "the wake-on-LAN packet can't be sent to {}: {failed}",
            wol.to
        ),
        ..Failed::said("the wake-on-LAN packet can't be sent")
    })
}

fn packet(mac: [u8; 6]) -> [u8; PACKET_BYTES] {
    let mut packet = [0xff; PACKET_BYTES];
    for place in packet[6..].chunks_exact_mut(6) {
        place.copy_from_slice(&mac);
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_packet_is_sent_as_network_cards_expect_it() {
        let card = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mac = [1, 2, 3, 0xaa, 0xbb, 0xcc];
        let to = card.local_addr().unwrap();
        send(&Wol { mac, to }).await.unwrap();
        let mut bytes = [0; 200];
        let (length, _) = card.recv_from(&mut bytes).await.unwrap();
        assert_eq!(length, 102);
        assert_eq!(bytes[..6], [0xff; 6]);
        assert_eq!(bytes[6..102], mac.repeat(16));
    }
}
