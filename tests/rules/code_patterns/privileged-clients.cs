public class BoatsController : ControllerBase {
  public IActionResult Get() {
    // ruleid: connection-opened-in-controller-csharp
    using var connection = new NpgsqlConnection(text);
    return Ok();
  }
}

public class ConnectionFactory : IConnectionFactory {
  public IDbConnection Open() {
    // ok: connection-opened-in-controller-csharp
    return new NpgsqlConnection(text);
  }
}
