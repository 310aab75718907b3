# One image for the worker and for every other command of `buying-groups`.

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/engine
ENV PATH=/opt/engine/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The lock alone first: a change of code does not install the dependencies again.
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY . .
# --no-build-isolation: setuptools comes from the lock too.
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN groupadd --gid 10001 engine \
    && useradd --uid 10001 --gid engine --create-home --home-dir /var/lib/buying-groups engine
COPY --from=build /opt/engine /opt/engine
# Two arenas: glibc keeps what threads have freed in as many as eight a core.
ENV PATH=/opt/engine/bin:$PATH PYTHONUNBUFFERED=1 DATA_FOLDER=/var/lib/buying-groups MALLOC_ARENA_MAX=2
# By number: a cluster that runs nobody as root cannot look names up.
USER 10001:10001
WORKDIR /var/lib/buying-groups
VOLUME /var/lib/buying-groups
# No HEALTHCHECK: it needs METRICS_PORT; docker-compose.yml sets both.
ENTRYPOINT ["buying-groups"]
CMD ["worker"]
