# What workload pods and the nodes' agents run from, where a registry can be reached. Any base with a POSIX shell, the
# core utilities and Node 20 will do: docker build --build-arg BASE=…
ARG BASE=node:20-slim
FROM ${BASE}
COPY ordeal /ordeal
ENTRYPOINT []
CMD []
