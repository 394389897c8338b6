# syntax=docker/dockerfile:1
# docker build -t convtool .                                  for CPUs
# docker build -t convtool:cuda --build-arg TORCH=cu132 .     for NVIDIA GPUs
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv && uv venv /opt/convtool
WORKDIR /source
# The libraries first: they are gigabytes, and change less often than the program.
ARG TORCH=cpu
COPY pyproject.toml ./
RUN uv pip install --python /opt/convtool --no-cache --compile-bytecode \
    --torch-backend=$TORCH -r pyproject.toml
COPY README.md LICENSE ./
COPY kernels kernels/
COPY convtool convtool/
RUN uv pip install --python /opt/convtool --no-cache --compile-bytecode --no-deps .

FROM python:3.13-slim
COPY --from=build /opt/convtool /opt/convtool
# Any user may be chosen with --user, also one that the image knows neither a home nor a name of.
ENV PATH=/opt/convtool/bin:$PATH HOME=/tmp USER=convtool
RUN useradd --uid 1000 --no-create-home --home-dir /tmp convtool
USER convtool
WORKDIR /work
ENTRYPOINT ["convtool"]
CMD ["--help"]
