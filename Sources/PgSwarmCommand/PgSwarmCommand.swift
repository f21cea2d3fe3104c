@main struct PgSwarmCommand { static func main() {} }
