@RestController
class Boats {
  @GetMapping("/boats")
  Object boats() throws Exception {
    // ruleid: connection-opened-in-controller-java
    return DriverManager.getConnection(URL);
  }
}

class Setup {
  Object open() throws Exception {
    // ok: connection-opened-in-controller-java
    return DriverManager.getConnection(URL);
  }
}
