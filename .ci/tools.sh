# Sourced by .ci/run and ./demo, in the project's root.

tools() { # NAME: the pinned tools of .ci/requirements-NAME.txt, in .venv/NAME
  cmp --silent ".ci/requirements-$1.txt" ".venv/$1/installed" && return
  python3 -m venv --clear ".venv/$1"
  ".venv/$1/bin/pip" install --quiet --disable-pip-version-check --requirement ".ci/requirements-$1.txt"
  cp ".ci/requirements-$1.txt" ".venv/$1/installed"
}
