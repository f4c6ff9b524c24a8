# Two stages: packages are installed with npm, the image that runs has neither npm's cache nor development packages.
# Build: docker build -t signet .      Run: see docs/operations.md, Containers.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages are Node itself, which the image has. No install script is needed: argon2 brings its binary along.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY bin bin
# The command `signet` for `docker exec`.
ENV PATH=/app/bin:$PATH
# A number, so that Kubernetes can tell that it is not root. Nothing below /app is written; the root may be read-only.
USER 10001:10001
EXPOSE 8080 9090
ENTRYPOINT ["node", "src/cli/signet.ts"]
CMD ["serve", "--config", "/etc/signet/signet.yaml"]
