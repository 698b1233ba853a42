# What holds the links of a cluster's nodes, where a registry can be reached. Any Debian with Node 20 will do:
# docker build --build-arg BASE=…
ARG BASE=node:20-bookworm-slim
FROM ${BASE}
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    ethtool iproute2 nftables procps socat tcpdump util-linux wireguard-go wireguard-tools \
  && rm -rf /var/lib/apt/lists/*
COPY ordeal /ordeal
ENTRYPOINT []
CMD []
