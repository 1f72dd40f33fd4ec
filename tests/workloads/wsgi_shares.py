# An application for a server of WSGI: each request burns some CPU time, below a function that calls it.


def burn(count):
    total = 0
    for number in range(count):
        total = (total * 31 + number) % 1009
    return total


def answer():
    return str(burn(60000)).encode()


def application(environ, start_response):
    body = answer()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
